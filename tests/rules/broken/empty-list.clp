()
(())
((defrule))
