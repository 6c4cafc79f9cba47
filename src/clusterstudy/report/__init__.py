"""What a reader sees: texts, numbers, tables, figures, reports and the index of reports.

Belongs here: how results look, in Danish and English, on screen and on paper. Does not belong
here: any statistic. Results arrive as frames and figures.
"""
