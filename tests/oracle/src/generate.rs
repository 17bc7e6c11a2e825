//! Modules nobody wrote: wasm-smith from a seed, drawing on the host functions for its imports.
use arbitrary::{Arbitrary, Unstructured};
use wasm_smith::{Config, Module};

/// A small generator of its own, so that a seed means the same on every machine.
fn stream(seed: u64, n: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            (x >> 32) as u8
        })
        .collect()
}

fn leb(mut n: usize, out: &mut Vec<u8>) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

/// What may be imported: functions that need no memory laid out in a special way.
const IMPORTS: [(&str, usize, bool); 24] = [
    ("read_register", 2, false),
    ("register_len", 1, true),
    ("write_register", 3, false),
    ("current_account_id", 1, false),
    ("predecessor_account_id", 1, false),
    ("input", 1, false),
    ("block_index", 0, true),
    ("storage_usage", 0, true),
    ("account_balance", 1, false),
    ("used_gas", 0, true),
    ("prepaid_gas", 0, true),
    ("random_seed", 1, false),
    ("sha256", 3, false),
    ("keccak512", 3, false),
    ("ripemd160", 3, false),
    ("value_return", 2, false),
    ("log_utf8", 2, false),
    ("log_utf16", 2, false),
    ("panic_utf8", 2, false),
    ("storage_write", 5, true),
    ("storage_read", 3, true),
    ("storage_remove", 3, true),
    ("storage_has_key", 2, true),
    ("promise_batch_create", 2, true),
];

/// A module that imports them all; wasm-smith takes types and names from it.
fn imports() -> Vec<u8> {
    let mut types = Vec::new();
    let mut list = Vec::new();
    leb(IMPORTS.len(), &mut types);
    leb(IMPORTS.len(), &mut list);
    for (i, (name, params, result)) in IMPORTS.iter().enumerate() {
        types.push(0x60);
        leb(*params, &mut types);
        types.extend(std::iter::repeat(0x7e).take(*params));
        leb(*result as usize, &mut types);
        types.extend(std::iter::repeat(0x7e).take(*result as usize));
        leb(3, &mut list);
        list.extend(b"env");
        leb(name.len(), &mut list);
        list.extend(name.as_bytes());
        list.push(0);
        leb(i, &mut list);
    }
    let mut out = b"\0asm\x01\0\0\0".to_vec();
    for (id, body) in [(1, types), (2, list)] {
        out.push(id);
        leb(body.len(), &mut out);
        out.extend(body);
    }
    out
}

fn config(seed: u64) -> Config {
    // Most modules keep to what contracts may use; every eighth may use anything.
    let wild = seed % 8 == 7;
    Config {
        available_imports: (seed % 3 != 0).then(imports),
        max_imports: if seed % 3 == 0 { 0 } else { 12 },
        min_funcs: 2,
        max_funcs: 12,
        max_instructions: 40 + (seed as usize % 5) * 120,
        min_memories: (seed % 4 != 0) as u32,
        max_tables: if wild { 3 } else { 1 },
        max_table_elements: 12_000,
        min_exports: 2,
        export_everything: true,
        allow_invalid_funcs: wild && seed % 16 == 15,
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        sign_extension_ops_enabled: true,
        saturating_float_to_int_enabled: true,
        multi_value_enabled: wild,
        simd_enabled: wild,
        relaxed_simd_enabled: false,
        exceptions_enabled: wild,
        gc_enabled: wild,
        tail_call_enabled: wild,
        threads_enabled: wild,
        extended_const_enabled: wild,
        memory64_enabled: wild,
        generate_custom_sections: seed % 10 == 1,
        ..Config::default()
    }
}

pub fn modules(n: u64, seed: u64) {
    let mut made = 0;
    for s in seed.. {
        if made == n {
            return;
        }
        let bytes = stream(s, 2000 + (s as usize % 7) * 1500);
        let mut u = Unstructured::new(&bytes);
        let _ = bool::arbitrary(&mut u);
        if let Ok(m) = Module::new(config(s), &mut u) {
            println!("{}", hex::encode(m.to_bytes()));
            made += 1;
        }
    }
}
