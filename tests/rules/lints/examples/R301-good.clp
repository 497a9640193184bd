(defrule drift
  "quant | ?rich and ?cheap drift further apart than ?gap"
  (divergence (rich ?rich) (cheap ?cheap) (gap ?gap&:(< ?gap 3.0)))
  =>
  (assert (divergence (rich ?rich) (cheap ?cheap) (gap (+ ?gap 0.1)))))
