(defrule veto-long
  "quant | no long in ?i"
  (consensus (instrument ?i) (direction long))
  =>
  (assert (veto (instrument ?i) (rule veto-long))))
