(defrule calm
  "quant | ?i is not overbought: RSI ?rsi"
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(< ?rsi 130.0)))
  =>
  (assert (exit (instrument ?i) (rule calm))))
