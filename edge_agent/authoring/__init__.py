"""For the person who writes a programme: what every key means, trying and comparing, terms and calendar.

Nothing here runs at a till. All of it is made from the models and the file, so that it says what the till does.
"""
