(module (table 1 funcref) (elem (i32.const 1) $f)
  ;; run m
  (func $f (export "m")))
