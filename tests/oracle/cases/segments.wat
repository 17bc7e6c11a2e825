;; A data segment beyond the memory fails the call when the instance is made.
(module (memory 1) (data (i32.const 67108860) "12345678")
  ;; run m
  (func (export "m")))
