#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| journeyman_fuzz::count(journeyman_fuzz::score_script(data)));
