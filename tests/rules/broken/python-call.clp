(defrule trend-up
  "quant | ?i trends up, with an ADX of ?adx"
  (indicator (instrument ?i) (name adx-14) (value ?adx&:(python-call os.system "reboot")))
  =>
  (assert (trend (instrument ?i) (direction up))))
