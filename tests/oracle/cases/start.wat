;; A start function runs first, with gas, and may fail the call.
(module
  (import "env" "log_utf8" (func $log (param i64 i64)))
  (import "env" "panic" (func $panic))
  (memory 1) (data (i32.const 0) "started")
  (global $n (mut i32) (i32.const 0))
  (func $s (call $log (i64.const 7) (i64.const 0)) (global.set $n (i32.const 1)))
  (start $s)
  ;; run m
  ;; run m gas=70000000
  ;; run m gas=8000000000
  ;; run m view
  ;; run none
  (func (export "m") (if (i32.eqz (global.get $n)) (then (call $panic))) (call $log (i64.const 3) (i64.const 0)))
)
