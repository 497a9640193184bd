"""Prolog: policies checked, judged and proved."""
