; Reasons of the quants not to follow a consensus. A veto is about the side the consensus proposes, so an overbought
; instrument may still be sold short.

(defrule veto-long-in-bear
  "quant | no long in ?i: it trends down in a bear market"
  (declare (salience 100))
  (consensus (instrument ?i) (direction long))
  (trend (instrument ?i) (direction down))
  (regime (name bear))
  =>
  (assert (veto (instrument ?i) (rule veto-long-in-bear))))

(defrule veto-short-in-bull
  "quant | no short in ?i: it trends up in a bull market"
  (declare (salience 100))
  (consensus (instrument ?i) (direction short))
  (trend (instrument ?i) (direction up))
  (regime (name bull))
  =>
  (assert (veto (instrument ?i) (rule veto-short-in-bull))))

(defrule veto-overbought
  "quant | no long in ?i: it is overextended, with an RSI of ?rsi, above 80"
  (declare (salience 100))
  (consensus (instrument ?i) (direction long))
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(> ?rsi 80.0)))
  =>
  (assert (veto (instrument ?i) (rule veto-overbought))))

(defrule veto-oversold
  "quant | no short in ?i: it is overextended, with an RSI of ?rsi, below 20"
  (declare (salience 100))
  (consensus (instrument ?i) (direction short))
  (indicator (instrument ?i) (name rsi-14) (value ?rsi&:(< ?rsi 20.0)))
  =>
  (assert (veto (instrument ?i) (rule veto-oversold))))
