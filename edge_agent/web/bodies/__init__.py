"""The bodies of requests: strict models, and what they become in the domain.

Field names are those of the contract. Unknown fields are refused: a misspelt field that silently does nothing costs a
customer points. `checked` makes a model of a body; the other files are what the models are about.
"""
