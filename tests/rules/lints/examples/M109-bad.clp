(defrule close-pair
  "quant | close ?i: the basket ?basket is its own pair"
  (held-leg (instrument ?i) (basket ?basket))
  (held-leg (instrument ?other&~?i) (basket ?basket))
  (test (eq (sym-cat ?i "-" ?other) ?basket))
  =>
  (assert (exit (instrument ?i) (rule close-pair))))
