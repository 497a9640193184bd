(defrule x "q | y" (a b c) ($?x) (a ?*g* $?y) => (assert (a b c)) (retract 1) (halt))
