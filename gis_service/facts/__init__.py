"""What people are told, said once: a house, a cluster, an alley, a patrol step; their labels, symbols and colours.

A popup on a served map, a popup in an offline file, a sheet on paper and a table all take their words from here. The
room knows no database: it is given rows, and says them. Reasons are said where the rules are (``selection.phrases``).
"""
