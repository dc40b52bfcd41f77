"""What the calls answer, as models for the OpenAPI document. Answers may have more fields than these.

Nothing is checked against them while the agent runs; tests hold real answers against the document.
"""
