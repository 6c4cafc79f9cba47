"""Research workbench for Denmark's innovation clusters."""
