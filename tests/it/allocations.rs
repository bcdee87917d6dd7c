//! What a call allocates in the default, which keeps nothing on disk. Every thread counts its own allocations, so that other tests are not
//! in the way.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use http::Method;
use seatrial::base::time::Timestamp;
use seatrial::engine::{Keeper, Machine, Options, Record, Request, Sandbox, Sink, Start};
use seatrial::vendors;
use serde_json::{Value, json};

use crate::made_up::request;

/// The allocator of the system, which counts.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

fn note(bytes: usize) {
    COUNT.set(COUNT.get() + 1);
    BYTES.set(BYTES.get() + bytes);
}

// SAFETY: all is passed on to the system as it came. The counters have no destructor and allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations something makes, and of how many bytes.
fn allocated<T>(act: impl FnOnce() -> T) -> (usize, usize) {
    let before = (COUNT.get(), BYTES.get());
    let result = act();
    let after = (COUNT.get(), BYTES.get());
    drop(result);
    (after.0 - before.0, after.1 - before.1)
}

/// How often each call is made. The first ones also read documents and have their answers checked, and some grow a table.
const TIMES: usize = 60;

fn wall() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a valid timestamp")
}

fn machine() -> Machine {
    Machine::new(vendors::all(), Options::default(), Start::plain(wall()))
}

/// What makes the nth of several calls that are alike.
type Call<'c> = Box<dyn Fn(usize) -> Request + 'c>;

/// Calls with their names, the status of their answers, and the most allocations and bytes that half of them take, which is a tenth more
/// than they took when this was written.
fn calls(token: &str) -> [(&'static str, u16, [usize; 2], Call<'_>); 5] {
    let shipmate = move |method: Method, path: &str, body: &Value| {
        let key = ("x-shipmate-api-key", "sm_test_12345abcde-1234-5678-90ab-abcdef0123456");
        let text = if body.is_null() { String::new() } else { body.to_string() };
        request(method, &format!("/shipmate/v1.1/{path}"), &[("host", "127.0.0.1:7447"), key, ("x-shipmate-token", token)], &text)
    };
    let login = json!({"username": "test@shipmate.co.uk", "password": "myShipmatePassword"});
    let address = json!({"name": "Alex Harbour", "line_1": "14 Mooring Lane", "city": "Derby", "postcode": "DE1 1EE", "country": "GB"});
    let booking = move |nth: usize| {
        let reference = format!("CALL{nth:011}");
        let parcel = json!({"reference": format!("{reference}-1"), "weight": 3000, "width": 20, "length": 10, "depth": 15});
        json!({"consignment_reference": reference, "service_key": "DPDNEXT", "to_address": address, "parcels": [parcel]})
    };
    let sku = |nth: usize| {
        json!({
            "sku": format!("ROPE-{nth:03}"), "product_name": format!("Mooring rope, {nth} m"), "tariff_code": "5607509000",
            "tariff_description": "Rope of synthetic fibre", "country_of_origin": "GB", "value_ex_vat": 10.00, "vat_rate": 20.00,
            "value_inc_vat": 12.00, "gross_weight": 520, "net_weight": 500, "width": 200, "length": 300, "depth": 80,
            "is_stocked_item": true, "in_stock": true,
        })
    };
    let refused = json!({"consignment_reference": "", "to_address": {"name": "", "line_1": ""}, "parcels": []});
    [
        ("a login", 200, [36, 3_500], Box::new(move |_| shipmate(Method::POST, "tokens", &login))),
        ("a booking", 201, [236, 26_000], Box::new(move |nth| shipmate(Method::POST, "consignments", &booking(nth)))),
        ("a refusal", 400, [97, 10_250], Box::new(move |_| shipmate(Method::POST, "consignments", &refused))),
        ("a new SKU", 201, [305, 36_300], Box::new(move |nth| shipmate(Method::POST, "skus", &sku(nth)))),
        ("a page of 30 of them", 200, [70, 86_700], Box::new(move |_| shipmate(Method::GET, "skus?page=1", &Value::Null))),
    ]
}

/// The token of a login.
fn log_in(machine: &Machine) -> String {
    let (_, _, _, login) = &calls("")[0];
    let answer: Value = serde_json::from_slice(&machine.handle(&login(0), wall()).body).expect("an answer in JSON");
    answer.pointer("/data/token").and_then(Value::as_str).expect("a token").to_owned()
}

/// What each of the calls takes, by name: the median, and its ceiling.
fn costs(machine: &Machine) -> Vec<(&'static str, (usize, usize), [usize; 2])> {
    let token = log_in(machine);
    let measured = calls(&token).map(|(name, status, most, call)| {
        let mut costs: Vec<_> = (0..TIMES)
            .map(|nth| {
                let request = call(nth);
                allocated(|| {
                    let answer = machine.handle(&request, wall());
                    assert_eq!(answer.status.as_u16(), status, "{name}: {}", String::from_utf8_lossy(&answer.body));
                    answer
                })
            })
            .collect();
        costs.sort_unstable();
        (name, costs[TIMES / 2], most)
    });
    measured.into()
}

/// A keeper that takes what is recorded, and forgets it.
struct Forgetful;

impl Keeper for Forgetful {
    fn opened(&self, sandbox: &Arc<Sandbox>) {
        sandbox.attach(Arc::new(Self), true);
    }

    fn removed(&self, _: &Sandbox) {}
}

impl Sink for Forgetful {
    fn sealed(&self, records: &mut Vec<Record>) {
        records.clear();
    }
}

fn recorded() -> Machine {
    let machine = machine();
    Forgetful.opened(machine.default_sandbox());
    machine
}

#[test]
fn a_call_allocates_no_more_than_it_did() {
    let over: Vec<_> = costs(&machine()).into_iter().filter(|(_, (count, bytes), most)| *count > most[0] || *bytes > most[1]).collect();
    assert!(over.is_empty(), "{over:?}");
}

#[test]
fn what_nobody_records_allocates_nothing() {
    let change = |machine: &Machine, seconds: i64| {
        let to = Timestamp::from_second(wall().as_second() + seconds).expect("a near time");
        allocated(|| machine.default_sandbox().lock().world.set_time(to, wall()))
    };
    let both = [machine(), recorded()];
    let [default, kept] = both.each_ref().map(|machine| [1, 2, 3].map(|seconds| change(machine, seconds))[2]);
    assert_eq!(default, (0, 0));
    assert!(kept.0 > 0, "a record takes memory: {kept:?}");
    for ((name, default, _), (_, kept, _)) in costs(&both[0]).into_iter().zip(costs(&both[1])) {
        assert!(default.0 < kept.0 && default.1 < kept.1, "{name}: {default:?}, and {kept:?} where it is recorded");
    }
}
