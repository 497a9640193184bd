; The quants' rule book: which files, in which order. Nothing else stands here.
(load "rules/book/regime.clp")
(load "rules/book/trend.clp")
(load "rules/book/setup.clp")
(load "rules/book/consensus.clp")
(load "rules/book/veto.clp")
(load "rules/book/entry.clp")
(load "rules/book/exit.clp")
(load "rules/book/trail.clp")
