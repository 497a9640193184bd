; A trend needs a direction (50-bar against 200-bar average) and strength (ADX of 20 and above; Wilder 1978).

(defrule trend-up
  "quant | ?i trends up: its 50-bar average stands ?spread over its 200-bar average, with an ADX of ?adx"
  (declare (salience 300))
  (indicator (instrument ?i) (name ema-50-200) (value ?spread&:(> ?spread 0.0)))
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))
  =>
  (assert (trend (instrument ?i) (direction up))))

(defrule trend-down
  "quant | ?i trends down: its 50-bar average stands ?spread from its 200-bar average, with an ADX of ?adx"
  (declare (salience 300))
  (indicator (instrument ?i) (name ema-50-200) (value ?spread&:(< ?spread 0.0)))
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(>= ?adx 20.0)))
  =>
  (assert (trend (instrument ?i) (direction down))))
