; Patterns that speak for a direction: momentum (with the trend), reversion (against an extreme), volume (with the
; flow). A short entry needs one of them.

(defrule momentum-long
  "quant | ?i has momentum for a long: ?momentum in 63 bars in an uptrend, with a MACD histogram of ?macd"
  (declare (salience 300))
  (trend (instrument ?i) (direction up))
  (indicator (instrument ?i) (name momentum-63) (value ?momentum&:(>= ?momentum 0.05)))
  (indicator (instrument ?i) (name macd-histogram) (value ?macd&:(> ?macd 0.0)))
  =>
  (assert (setup (instrument ?i) (kind momentum) (direction long))))

(defrule momentum-short
  "quant | ?i has momentum for a short: ?momentum in 63 bars in a downtrend, with a MACD histogram of ?macd"
  (declare (salience 300))
  (trend (instrument ?i) (direction down))
  (indicator (instrument ?i) (name momentum-63) (value ?momentum&:(<= ?momentum -0.05)))
  (indicator (instrument ?i) (name macd-histogram) (value ?macd&:(< ?macd 0.0)))
  =>
  (assert (setup (instrument ?i) (kind momentum) (direction short))))

(defrule reversion-long
  "quant | ?i is stretched downwards: RSI ?rsi, and its close ?z standard deviations from its 20-bar mean"
  (declare (salience 300))
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(<= ?rsi 30.0)))
  (indicator (instrument ?i) (name zscore-20) (value ?z&:(<= ?z -2.0)))
  =>
  (assert (setup (instrument ?i) (kind reversion) (direction long))))

(defrule reversion-short
  "quant | ?i is stretched upwards: RSI ?rsi, and its close ?z standard deviations from its 20-bar mean"
  (declare (salience 300))
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(>= ?rsi 70.0)))
  (indicator (instrument ?i) (name zscore-20) (value ?z&:(>= ?z 2.0)))
  =>
  (assert (setup (instrument ?i) (kind reversion) (direction short))))

(defrule volume-long
  "quant | volume flows into ?i: ?ratio times its usual volume, and on-balance volume at ?obv standard deviations"
  (declare (salience 300))
  (indicator (instrument ?i) (name volume-ratio) (value ?ratio&:(>= ?ratio 1.5)))
  (indicator (instrument ?i) (name obv-zscore) (value ?obv&:(>= ?obv 1.0)))
  =>
  (assert (setup (instrument ?i) (kind volume) (direction long))))

(defrule volume-short
  "quant | volume flows out of ?i: ?ratio times its usual volume, and on-balance volume at ?obv standard deviations"
  (declare (salience 300))
  (indicator (instrument ?i) (name volume-ratio) (value ?ratio&:(>= ?ratio 1.5)))
  (indicator (instrument ?i) (name obv-zscore) (value ?obv&:(<= ?obv -1.0)))
  =>
  (assert (setup (instrument ?i) (kind volume) (direction short))))
