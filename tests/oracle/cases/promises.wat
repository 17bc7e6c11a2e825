;; Graphs of promises; limits on how many.
(module
  (import "env" "promise_batch_create" (func $create (param i64 i64) (result i64)))
  (import "env" "promise_batch_then" (func $then (param i64 i64 i64) (result i64)))
  (import "env" "promise_and" (func $and (param i64 i64) (result i64)))
  (import "env" "promise_batch_action_function_call_weight" (func $call (param i64 i64 i64 i64 i64 i64 i64 i64)))
  (import "env" "promise_batch_action_transfer" (func $transfer (param i64 i64)))
  (import "env" "promise_return" (func $return (param i64)))
  (import "env" "promise_yield_create" (func $yield (param i64 i64 i64 i64 i64 i64 i64) (result i64)))
  (import "env" "promise_yield_resume" (func $resume (param i64 i64 i64 i64) (result i32)))
  (import "env" "promise_yield_create_with_id" (func $yieldid (param i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
  (import "env" "promise_yield_resume_with_yield_id" (func $resumeid (param i64 i64 i64 i64) (result i32)))
  (import "env" "promise_batch_action_state_init" (func $init (param i64 i64 i64 i64) (result i64)))
  (import "env" "set_state_init_data_entry" (func $entry (param i64 i64 i64 i64 i64 i64)))
  (import "env" "promise_batch_action_add_key_with_function_call" (func $fckey (param i64 i64 i64 i64 i64 i64 i64 i64 i64)))
  (import "env" "value_return" (func $ret (param i64 i64)))
  (memory 1)
  (data (i32.const 0) "bob.near") (data (i32.const 16) "alice.near") (data (i32.const 32) "go") (data (i32.const 64) "\05")
  (data (i32.const 128) "\00\00\00\00\00\00\00\00\01\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 200) "0s0123456789abcdef0123456789abcdef01234567") (data (i32.const 300) "a,b,long_name")
  (data (i32.const 400) "3e1003d95833cd81d1fe7eb68b9d0a52b4629c4745212031f7705156300f3cfa")
  (data (i32.const 500) "0x0123456789abcdef0123456789abcdef01234567")
  (data (i32.const 600) "0u000g40r40m30e209185gr38e1w8124gk2gahc5rr34d1p70x3rfg")
  ;; run graph
  ;; run graph gas=600000000000
  (func (export "graph") (local $a i64) (local $b i64) (local $j i64) (local $t i64)
    (local.set $a (call $create (i64.const 8) (i64.const 0)))
    (local.set $b (call $create (i64.const 10) (i64.const 16)))
    (call $call (local.get $a) (i64.const 2) (i64.const 32) (i64.const 3) (i64.const 32) (i64.const 96) (i64.const 1000000000000) (i64.const 1))
    (call $call (local.get $b) (i64.const 2) (i64.const 32) (i64.const 0) (i64.const 32) (i64.const 64) (i64.const 0) (i64.const 3))
    (local.set $j (call $and (i64.const 128) (i64.const 3)))
    (local.set $t (call $then (local.get $j) (i64.const 10) (i64.const 16)))
    (call $transfer (local.get $t) (i64.const 64))
    (local.set $t (call $then (local.get $t) (i64.const 8) (i64.const 0)))
    (call $return (local.get $t)))
  ;; run transfers
  ;; run transfers balance=20
  (func (export "transfers")
    (call $transfer (call $create (i64.const 8) (i64.const 0)) (i64.const 64))
    (call $transfer (call $create (i64.const 42) (i64.const 200)) (i64.const 64))
    (call $transfer (call $create (i64.const 64) (i64.const 400)) (i64.const 64))
    (call $transfer (call $create (i64.const 42) (i64.const 500)) (i64.const 64))
    (call $transfer (call $create (i64.const 54) (i64.const 600)) (i64.const 64)))
  ;; run one_yocto balance=0
  ;; run one_yocto balance=1
  ;; run one_yocto balance=0 deposit=1
  (func (export "one_yocto") (i64.store (i32.const 64) (i64.const 1))
    (call $call (call $create (i64.const 8) (i64.const 0)) (i64.const 2) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 64) (i64.const 5) (i64.const 0))
    (call $call (i64.const 0) (i64.const 2) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 64) (i64.const 5) (i64.const 0)))
  ;; run joint_action
  (func (export "joint_action") (drop (call $create (i64.const 8) (i64.const 0))) (drop (call $create (i64.const 8) (i64.const 0)))
    (call $transfer (call $and (i64.const 128) (i64.const 2)) (i64.const 64)))
  ;; run joint_return
  (func (export "joint_return") (drop (call $create (i64.const 8) (i64.const 0))) (drop (call $create (i64.const 8) (i64.const 0)))
    (call $return (call $and (i64.const 128) (i64.const 2))))
  ;; run too_many gas=1000000000000000
  (func (export "too_many") (loop (drop (call $create (i64.const 10) (i64.const 16))) (br 0)))
  ;; run too_wide gas=1000000000000000
  (func (export "too_wide") (local $i i64) (drop (call $create (i64.const 8) (i64.const 0)))
    (loop (i64.store (i32.add (i32.const 4096) (i32.wrap_i64 (i64.mul (local.get $i) (i64.const 8)))) (i64.const 0))
      (local.set $i (i64.add (local.get $i) (i64.const 1))) (br_if 0 (i64.lt_u (local.get $i) (i64.const 200))))
    (drop (call $and (i64.const 4096) (i64.const 128))) (drop (call $then (i64.const 1) (i64.const 8) (i64.const 0)))
    (drop (call $and (i64.const 4096) (i64.const 129))))
  ;; run yields
  (func (export "yields") (local $p i64)
    (local.set $p (call $yield (i64.const 2) (i64.const 32) (i64.const 2) (i64.const 32) (i64.const 7) (i64.const 0) (i64.const 3)))
    (i32.store8 (i32.const 1000) (call $resume (i64.const -1) (i64.const 3) (i64.const 8) (i64.const 0)))
    (i32.store8 (i32.const 1001) (call $resume (i64.const -1) (i64.const 3) (i64.const 0) (i64.const 0)))
    (i32.store8 (i32.const 1002) (call $resume (i64.const 32) (i64.const 2000) (i64.const 0) (i64.const 0)))
    (drop (call $then (local.get $p) (i64.const 8) (i64.const 0)))
    (call $return (local.get $p)) (call $ret (i64.const 3) (i64.const 1000)))
  ;; run yields_by_id
  ;; run yields_by_id balance=3
  (func (export "yields_by_id")
    (i64.store (i32.const 1000) (call $yieldid (i64.const 2) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 64) (i64.const 9) (i64.const 0) (i64.const 32) (i64.const 300)))
    (i64.store (i32.const 1008) (call $yieldid (i64.const 2) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 64) (i64.const 9) (i64.const 0) (i64.const 32) (i64.const 300)))
    (i64.store (i32.const 1016) (call $yieldid (i64.const 2) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 96) (i64.const 9) (i64.const 0) (i64.const 32) (i64.const 400)))
    (i32.store (i32.const 1024) (call $resumeid (i64.const 32) (i64.const 300) (i64.const 2) (i64.const 32)))
    (i32.store (i32.const 1028) (call $resumeid (i64.const 32) (i64.const 3000) (i64.const 2) (i64.const 32)))
    (call $ret (i64.const 32) (i64.const 1000)))
  ;; run yield_payload
  (func (export "yield_payload") (drop (call $resume (i64.const 32) (i64.const 0) (i64.const 1024) (i64.const 0))) (drop (call $resume (i64.const 32) (i64.const 0) (i64.const 1025) (i64.const 0))))
  ;; run yield_bad_id
  (func (export "yield_bad_id") (drop (call $resume (i64.const 31) (i64.const 0) (i64.const 1) (i64.const 0))))
  ;; run state
  (func (export "state") (local $i i64)
    (drop (call $create (i64.const 42) (i64.const 200)))
    (local.set $i (call $init (i64.const 0) (i64.const 32) (i64.const 300) (i64.const 64)))
    (call $entry (i64.const 0) (local.get $i) (i64.const 2) (i64.const 32) (i64.const 8) (i64.const 0))
    (call $entry (i64.const 0) (local.get $i) (i64.const 1) (i64.const 0) (i64.const 0) (i64.const 0))
    (call $entry (i64.const 0) (local.get $i) (i64.const 3) (i64.const 16) (i64.const 9) (i64.const 0)))
  ;; run state_twice
  (func (export "state_twice") (local $i i64)
    (drop (call $create (i64.const 42) (i64.const 200)))
    (local.set $i (call $init (i64.const 0) (i64.const 32) (i64.const 300) (i64.const 64)))
    (call $entry (i64.const 0) (local.get $i) (i64.const 2) (i64.const 32) (i64.const 8) (i64.const 0))
    (call $entry (i64.const 0) (local.get $i) (i64.const 2) (i64.const 32) (i64.const 8) (i64.const 0)))
  ;; run keys
  (func (export "keys") (drop (call $create (i64.const 10) (i64.const 16)))
    (call $fckey (i64.const 0) (i64.const 33) (i64.const 4096) (i64.const 7) (i64.const 64) (i64.const 8) (i64.const 0) (i64.const 13) (i64.const 300))
    (call $fckey (i64.const 0) (i64.const 33) (i64.const 4096) (i64.const 7) (i64.const 96) (i64.const 8) (i64.const 0) (i64.const 0) (i64.const 300)))
)
