(defrule close-pair
  "quant | close ?i: the basket ?basket has another leg"
  (held-leg (instrument ?i) (basket ?basket))
  (exists (held-leg (instrument ?other&~?i) (basket ?basket)))
  =>
  (assert (exit (instrument ?i) (rule close-pair))))
