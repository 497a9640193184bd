"""The commands: each module here is one, each package a group of them.

A module `why_not.py` is `warrant why-not`, a package `audit` with a module `verify.py` is `warrant audit verify`. The
first line of the module's docstring is its line in `warrant --help`, read without importing it. Its function
`command` does the work: a typer function that takes `desk: DeskOption = None` and `json: JsonOption = False`
(`adapters/frame.py`), imports what is heavy inside, and returns a `Status`; its docstring is its `--help`.
"""
