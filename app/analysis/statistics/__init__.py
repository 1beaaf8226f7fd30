"""The statistics of a study of ratings: each a pure function of a data frame, with its source.

A frame has one row per response: `participant`, `question`, `condition` (a categorical in the study's order),
a column for each construct, and `Quality`, their mean. What a function cannot compute it says in a sentence
(`Undefined`). pandas and statsmodels are imported here and by `honeyglass analyze`, never by the web process.
"""
