"""The versions of a store's tables, each made from the one before."""
