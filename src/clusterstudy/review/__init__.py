"""What a peer reviewer needs: runs compared, a pack to take away, and its re-run.

Belongs here: reading finished reports and their manifests. Does not belong here: making a report
(:mod:`clusterstudy.runs`), or deciding what may leave (:mod:`clusterstudy.disclosure`).
"""
