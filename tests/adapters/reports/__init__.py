"""Tests of `adapters/reports`: what `warrant report` writes."""
