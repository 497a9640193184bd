"""Provenance documents."""
