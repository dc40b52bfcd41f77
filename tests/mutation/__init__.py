"""Mutation testing of the rules: is there a test that fails when a line of `edge_agent/domain` says something else?"""
