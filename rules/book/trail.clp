; A trailing stop follows the best close at a distance of 2 ATR. It only ever moves closer: where the new stop would
; not improve on the working one, nothing is said. The test compares the new stop as it will be concluded, on its grid
; of 0.0001: binary arithmetic leaves a rest, and a rest is no improvement.

(defrule trail-long
  "quant | raise the stop of ?i: two ATR of ?atr below the best close of ?best lies above the present stop of ?stop"
  (declare (salience 0))
  (position (instrument ?i) (side long) (best-close ?best))
  (indicator (instrument ?i) (name atr-14) (value ?atr))
  (protection (instrument ?i) (stop ?stop))
  (test (> (/ (round (* (- ?best (* 2.0 ?atr)) 10000.0)) 10000.0) ?stop))
  =>
  (assert (trail (instrument ?i) (rule trail-long) (stop (- ?best (* 2.0 ?atr))))))

(defrule trail-short
  "quant | lower the stop of ?i: two ATR of ?atr above the best close of ?best lies below the present stop of ?stop"
  (declare (salience 0))
  (position (instrument ?i) (side short) (best-close ?best))
  (indicator (instrument ?i) (name atr-14) (value ?atr))
  (protection (instrument ?i) (stop ?stop))
  (test (< (/ (round (* (+ ?best (* 2.0 ?atr)) 10000.0)) 10000.0) ?stop))
  =>
  (assert (trail (instrument ?i) (rule trail-short) (stop (+ ?best (* 2.0 ?atr))))))
