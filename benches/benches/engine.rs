//! The engine's own costs: laying out a block, appending, opening.
#![expect(clippy::unwrap_used, reason = "benchmarks")]

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use engine::{Batch, Options, Prepared, Store, Value};
use wbq_benches::{begin_runs, rows};

fn encode(c: &mut Criterion) {
    let mut group = c.benchmark_group("encode");
    group.throughput(Throughput::Elements(1000));
    group.bench_function("100 rows x 10 keys", |b| {
        b.iter(|| Prepared::new(rows(0, 0, 100, 10)).unwrap());
    });
    group.finish();
}

fn append(c: &mut Criterion) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let store = Store::open(Options::new(dir.path())).unwrap();
    begin_runs(&store, 1).unwrap();
    let mut line = 0;
    c.bench_function("append/one row, durable", |b| {
        b.iter_batched(
            || {
                line += 1;
                rows(0, line, 1, 10)
            },
            |batch: Batch| store.append_blocking(batch).unwrap(),
            BatchSize::SmallInput,
        );
    });
    store.close().unwrap();
}

fn recovery(c: &mut Criterion) {
    let dir = tempfile::tempdir_in(".").unwrap();
    let store = Store::open(Options::new(dir.path())).unwrap();
    begin_runs(&store, 1).unwrap();
    let bytes: usize =
        (0..1000).map(|batch| Prepared::new(rows(0, batch * 100, 100, 10)).unwrap().bytes()).sum();
    for batch in 0..1000 {
        store.append_blocking(rows(0, batch * 100, 100, 10)).unwrap();
    }
    store.close().unwrap();
    let mut group = c.benchmark_group("recovery");
    group.sample_size(10).throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("read a folder of 1 million points", |b| {
        b.iter(|| engine::read(dir.path()).unwrap())
    });
    group.finish();
}

fn json(c: &mut Criterion) {
    let line = r#"{"_step":12,"loss":0.123456789,"val/acc":0.987654321,"epoch":3,"_runtime":18.157913005,"_timestamp":1.795419479905283e+09}"#;
    let odd = line.replace("0.987654321", "NaN");
    let mut group = c.benchmark_group("json");
    group.throughput(Throughput::Bytes(line.len() as u64));
    group.bench_function("plain line", |b| b.iter(|| Value::from_json(line.as_bytes()).unwrap()));
    group.bench_function("line with NaN", |b| b.iter(|| Value::from_json(odd.as_bytes()).unwrap()));
    group.finish();
}

criterion_group!(benches, encode, append, recovery, json);
criterion_main!(benches);
