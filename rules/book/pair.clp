; Pairs: two names of one sector that have come apart are expected to come together again. The rich one is sold short
; and the cheap one bought, for the same money: a basket, which is entered as a whole or not at all, and leaves as a
; whole. How large a leg may stand while the other waits is the risk officer's (portfolio.basket in limits.yaml).
;
; A name takes part in one pair at most: where it is the rich or the cheap one of several, the widest counts; where two
; are equally wide, the engine refuses both. Each leg has the word of a head, by whose record it is sized; what the heads
; agree on comes first, and is no half of a pair.

(defrule divergence
  "quant | ?rich and ?cheap, both of ?sector, have come apart: their closes stand ?x and ?y standard deviations from their 20-bar means"
  (declare (salience 300))
  (indicator (instrument ?rich) (name zscore-20) (value ?x&:(>= ?x 1.5)))
  (reference (instrument ?rich) (sector ?sector))
  (reference (instrument ?cheap&~?rich) (sector ?sector))
  (indicator (instrument ?cheap) (name zscore-20) (value ?y&:(<= ?y -1.5)))
  =>
  (assert (divergence (rich ?rich) (cheap ?cheap) (gap (- ?x ?y)))))

(defrule pair-apart
  "quant | a pair in a ?regime market: sell ?rich short and buy ?cheap for the same money, as they stand ?gap standard deviations apart"
  (declare (salience 0))
  (divergence (rich ?rich) (cheap ?cheap) (gap ?gap))
  (regime (name ?regime&~volatile))
  (not (divergence (rich ?rich) (gap ?wider&:(> ?wider ?gap))))
  (not (divergence (cheap ?cheap) (gap ?wider&:(> ?wider ?gap))))
  (exists (opinion (instrument ?rich) (direction short)))
  (exists (opinion (instrument ?cheap) (direction long)))
  (not (consensus (instrument ?rich)))
  (not (consensus (instrument ?cheap)))
  (not (position (instrument ?rich)))
  (not (position (instrument ?cheap)))
  (not (working (instrument ?rich)))
  (not (working (instrument ?cheap)))
  =>
  (assert (candidate (instrument ?rich) (side short) (horizon swing) (conviction 0.5) (rule pair-apart))
          (candidate (instrument ?cheap) (side long) (horizon swing) (conviction 0.5) (rule pair-apart))
          (basket-leg (basket (sym-cat ?rich "-" ?cheap)) (instrument ?rich) (ratio 1.0) (by value) (rule pair-apart))
          (basket-leg (basket (sym-cat ?rich "-" ?cheap)) (instrument ?cheap) (ratio 1.0) (by value) (rule pair-apart))))

(defrule pair-together
  "quant | close ?rich: the pair ?pair has come together again, its closes stand ?x and ?y standard deviations from their 20-bar means"
  (declare (salience 0))
  (held-leg (instrument ?rich) (basket ?pair))
  (position (instrument ?rich) (side short))
  (held-leg (instrument ?cheap&~?rich) (basket ?pair))
  (position (instrument ?cheap) (side long))
  (indicator (instrument ?rich) (name zscore-20) (value ?x))
  (indicator (instrument ?cheap) (name zscore-20) (value ?y))
  (test (<= (/ (round (* (- ?x ?y) 10000.0)) 10000.0) 0.5))
  =>
  (assert (exit (instrument ?rich) (rule pair-together))))
