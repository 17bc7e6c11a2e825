;; Each class of instruction, at its edges.
(module
  (import "env" "value_return" (func $ret (param i64 i64)))
  (import "env" "used_gas" (func $used (result i64)))
  (type $v (func)) (type $i (func (param i32) (result i32)))
  (memory 1)
  (table $t 8 20 funcref)
  (global $g (mut i64) (i64.const 1)) (global $f (mut f64) (f64.const 0)) (global $r (mut funcref) (ref.null func))
  (data (i32.const 0) "0123456789abcdef") (data $p "passive data")
  (elem (i32.const 0) $nothing $double $deep) (elem $e func $nothing $double)
  (func $nothing)
  (func $double (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
  (func $deep (local i64 f32 f64 funcref) (call $deep))
  (func $out (param i64) (i64.store (i32.const 1024) (local.get 0)) (call $ret (i64.const 8) (i64.const 1024)))

  ;; run div_zero
  (func (export "div_zero") (drop (i32.div_s (i32.const 1) (i32.const 0))) (nop))
  ;; run div_overflow
  (func (export "div_overflow") (drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1))))
  ;; run rem_overflow
  (func (export "rem_overflow") (call $out (i64.rem_s (i64.const 0x8000000000000000) (i64.const -1))))
  ;; run rem_zero
  (func (export "rem_zero") (drop (i64.rem_u (i64.const 1) (i64.const 0))))
  ;; run trunc_nan
  (func (export "trunc_nan") (drop (i32.trunc_f32_s (f32.const nan))))
  ;; run trunc_big
  (func (export "trunc_big") (drop (i64.trunc_f64_u (f64.const 1e30))))
  ;; run sat
  (func (export "sat") (call $out (i64.add (i64.trunc_sat_f64_s (f64.const 1e30)) (i64.extend_i32_u (i32.trunc_sat_f32_u (f32.const nan))))))
  ;; run nan_bits
  (func (export "nan_bits") (call $out (i64.reinterpret_f64 (f64.add (f64.const nan:0x4000000000123) (global.get $f)))))
  ;; run nan_bits32
  (func (export "nan_bits32") (call $out (i64.extend_i32_u (i32.reinterpret_f32 (f32.div (f32.const 0) (f32.demote_f64 (global.get $f)))))))
  ;; run shifts
  (func (export "shifts") (call $out (i64.rotl (i64.shr_s (i64.const -5) (i64.const 65)) (i64.const 130))))
  ;; run extend
  (func (export "extend") (call $out (i64.add (i64.extend8_s (i64.const 0x80)) (i64.extend_i32_s (i32.extend16_s (i32.const 0x8000))))))
  ;; run load_edge
  (func (export "load_edge") (call $out (i64.load (i32.const 67108856))))
  ;; run load_beyond
  (func (export "load_beyond") (call $out (i64.load (i32.const 67108857))))
  ;; run load_wrap
  (func (export "load_wrap") (call $out (i64.load offset=4294967295 (i32.const -1))))
  ;; run store_beyond
  (func (export "store_beyond") (i32.store8 (i32.const 67108864) (i32.const 1)))
  ;; run grow_some
  (func (export "grow_some") (drop (memory.grow (i32.const 2))) (i32.store8 (i32.const 67108864) (i32.const 1)) (call $out (i64.extend_i32_u (memory.size))))
  ;; run grow_all
  (func (export "grow_all") (call $out (i64.extend_i32_s (memory.grow (i32.const 1024)))))
  ;; run grow_more
  (func (export "grow_more") (call $out (i64.extend_i32_s (memory.grow (i32.const 1025)))))
  ;; run grow_max
  ;; run grow_max gas=1000000000000000
  (func (export "grow_max") (call $out (i64.extend_i32_s (memory.grow (i32.const -1)))))
  ;; run fill_zero
  (func (export "fill_zero") (memory.fill (i32.const 67108864) (i32.const 1) (i32.const 0)))
  ;; run fill_edge
  (func (export "fill_edge") (memory.fill (i32.const 67108860) (i32.const 1) (i32.const 5)))
  ;; run fill_huge
  ;; run fill_huge gas=3000000000
  (func (export "fill_huge") (memory.fill (i32.const 0) (i32.const 7) (i32.const 60000000)))
  ;; run copy_over
  (func (export "copy_over") (memory.copy (i32.const 4) (i32.const 0) (i32.const 12)) (call $ret (i64.const 16) (i64.const 0)))
  ;; run init_all
  (func (export "init_all") (memory.init $p (i32.const 100) (i32.const 0) (i32.const 12)) (call $ret (i64.const 12) (i64.const 100)))
  ;; run init_beyond
  (func (export "init_beyond") (memory.init $p (i32.const 100) (i32.const 5) (i32.const 8)))
  ;; run init_dropped
  (func (export "init_dropped") (data.drop $p) (memory.init $p (i32.const 100) (i32.const 0) (i32.const 1)))
  ;; run init_dropped_zero
  (func (export "init_dropped_zero") (data.drop $p) (memory.init $p (i32.const 100) (i32.const 0) (i32.const 0)))
  ;; run table_all
  (func (export "table_all")
    (table.set $t (i32.const 5) (ref.func $double))
    (table.copy $t $t (i32.const 6) (i32.const 5) (i32.const 2))
    (table.init $t $e (i32.const 3) (i32.const 0) (i32.const 2))
    (elem.drop $e)
    (table.fill $t (i32.const 7) (table.get $t (i32.const 4)) (i32.const 1))
    (call $out (i64.extend_i32_u (i32.add (call_indirect (type $i) (i32.const 21) (i32.const 7)) (table.size $t)))))
  ;; run table_grow
  (func (export "table_grow") (call $out (i64.extend_i32_s (i32.sub (table.grow $t (ref.null func) (i32.const 12)) (table.grow $t (ref.null func) (i32.const 1))))))
  ;; run table_get_beyond
  (func (export "table_get_beyond") (drop (table.get $t (i32.const 8))))
  ;; run table_set_beyond
  (func (export "table_set_beyond") (table.set $t (i32.const -1) (ref.null func)))
  ;; run table_init_beyond
  (func (export "table_init_beyond") (table.init $t $e (i32.const 7) (i32.const 0) (i32.const 2)))
  ;; run indirect_null
  (func (export "indirect_null") (call_indirect (type $v) (i32.const 6)))
  ;; run indirect_wrong
  (func (export "indirect_wrong") (call_indirect (type $v) (i32.const 1)))
  ;; run indirect_beyond
  (func (export "indirect_beyond") (call_indirect (type $v) (i32.const 8)))
  ;; run indirect_deep
  (func (export "indirect_deep") (call_indirect (type $v) (i32.const 2)))
  ;; run deep
  (func (export "deep") (call $deep))
  ;; run deep_indirect
  (func $di (export "deep_indirect") (local i32)
    (local.set 0 (call_indirect (type $i) (i32.const 1) (i32.const 1)))
    (drop (i32.add (local.get 0) (call_indirect (type $i) (i32.const 1) (i32.const 1))))
    (call $di))
  ;; run unreachable
  (func (export "unreachable") (drop (i32.const 1)) (unreachable) (drop (i32.const 1)))
  ;; run dead_code
  (func (export "dead_code") (block (br 0) (drop (i32.div_u (i32.const 1) (i32.const 0))) (loop (br 0)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 9))) (nop))
  ;; run branches
  (func (export "branches") (local $n i32) (local $sum i64)
    (loop $l
      (block $c (block $b (block $a
        (br_table $a $b $c (i32.rem_u (local.get $n) (i32.const 3))))
        (local.set $sum (i64.add (local.get $sum) (i64.const 1))) (br $c))
        (local.set $sum (i64.mul (local.get $sum) (i64.const 3))))
      (if (i32.and (local.get $n) (i32.const 1)) (then (local.set $sum (i64.xor (local.get $sum) (call $used)))) (else (nop) (nop)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $l (i32.lt_u (local.get $n) (i32.const 50))))
    (call $out (local.get $sum)))
  ;; run early_return
  (func (export "early_return") (call $out (call $pick (i32.const 1))) (call $out (call $pick (i32.const 0))))
  (func $pick (param i32) (result i64) (local i64)
    (block (br_if 0 (local.get 0)) (return (i64.const 7)))
    (local.set 1 (call $used)) (if (result i64) (i64.eqz (local.get 1)) (then (i64.const 1)) (else (return (local.get 1)))))
  ;; run many_returns
  (func (export "many_returns") (local i32)
    (loop (drop (call $pick (i32.and (local.get 0) (i32.const 1)))) (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 3000)))))
  ;; run selects
  (func (export "selects") (global.set $r (select (result funcref) (ref.func $double) (ref.null func) (i32.const 0)))
    (call $out (select (i64.const 3) (i64.const 4) (ref.is_null (global.get $r)))))
  ;; run forever gas=1000000000000
  (func (export "forever") (loop (br 0)))
  ;; run forever_calls gas=1000000000000
  (func (export "forever_calls") (loop (call $nothing) (br 0)))
)
