;; Results of promises, values for those who wait.
(module
  (import "env" "promise_results_count" (func $count (result i64)))
  (import "env" "promise_result" (func $result (param i64 i64) (result i64)))
  (import "env" "value_return" (func $ret (param i64 i64)))
  (import "env" "register_len" (func $len (param i64) (result i64)))
  (memory 1)
  ;; run all
  ;; run all result=
  ;; run all result=6f6b
  ;; run all result=-
  ;; run all result=6f6b result=- result=0000
  ;; run all view result=6f6b
  (func (export "all") (local $i i64)
    (block (loop
      (br_if 1 (i64.ge_u (local.get $i) (call $count)))
      (i64.store (i32.wrap_i64 (i64.mul (local.get $i) (i64.const 16))) (call $result (local.get $i) (local.get $i)))
      (i64.store (i32.wrap_i64 (i64.add (i64.mul (local.get $i) (i64.const 16)) (i64.const 8))) (call $len (local.get $i)))
      (local.set $i (i64.add (local.get $i) (i64.const 1))) (br 0)))
    (call $ret (i64.const 64) (i64.const 0)))
  ;; run beyond result=00
  (func (export "beyond") (drop (call $result (i64.const 1) (i64.const 0))))
  ;; run value receiver=alice.near
  ;; run value receiver=alice.near receiver=bob.near receiver=bob.near
  ;; run value receiver=bob.near gas=20000000000
  (func (export "value") (call $ret (i64.const 1000) (i64.const 0)))
  ;; run too_long
  (func (export "too_long") (call $ret (i64.const 4194305) (i64.const 0)))
)
