(load "rules/book/trned.clp")
