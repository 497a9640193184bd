(defrule ?x "?? | ?" (?x ?y) (?a <- ) (?b <- (not (trend))) (trend (instrument ?-) (direction ?1)) => (?f) (assert ?x) (assert (?t (a b))))
