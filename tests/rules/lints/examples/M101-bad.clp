(defrule stretched
  "quant | ?i is stretched: RSI ?rsi"
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(> ?rsi 70.0)))
  (test (< ?rsi 30.0))
  =>
  (assert (exit (instrument ?i) (rule stretched))))
