(load "rules/book/trend.clp")
