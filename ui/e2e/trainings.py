"""Trainings with the real client, for the pages to show.

    python trainings.py fill     eight runs of digits that end, one of them failed, one of letters with media, three of
                                 garden: with artifacts, a table and custom charts, and two of pond: with media and tables
                                 at several steps
    python trainings.py live     one run of watched that logs until its standard input ends

WANDB_BASE_URL and WANDB_API_KEY say where to.
"""

import json
import math
import random
import struct
import sys
import tempfile
import threading
import wave
import zlib
from pathlib import Path

import numpy as np
import wandb
from PIL import Image

STEPS = 1500
SETTINGS = wandb.Settings(console="wrap", x_stats_sampling_interval=0.5)


def fill():
    folder = Path(tempfile.mkdtemp())
    for number, (optimizer, rate) in enumerate((o, r) for o in ("adam", "sgd") for r in (0.3, 0.1, 0.03, 0.01)):
        train(folder, number, optimizer, rate)
    with start("letters", "first-letters", "base", {"learning_rate": 0.05}) as run:
        for step in range(12):
            spread = np.random.default_rng(step).normal(step / 4, 1 + step / 10, 400)
            row = {"loss": 1.5 / (step + 1), "weights": wandb.Histogram(spread)}
            if step % 4 == 0:
                pictures = [Image.new("RGB", (24, 16), (step * 20, 90, 60 * n)) for n in range(3)]
                row["samples"] = [wandb.Image(picture, caption=f"sample {n} at {step}") for n, picture in enumerate(pictures)]
            run.log(row)
    garden()
    pond()


def garden():
    """Artifacts: a folder in two versions, one of them used by another run that logs a table."""
    folder = Path(tempfile.mkdtemp())
    (folder / "images").mkdir()
    (folder / "images" / "rose.png").write_bytes(picture(28, 1))
    (folder / "labels.csv").write_text("name,petals\nrose,5\n")
    with start("garden", "gatherer", "base", {}, id="gatherer", job_type="data") as run:
        for version, aliases in enumerate((["best"], [])):
            (folder / "counts.json").write_text(json.dumps({"flowers": version + 1}))
            artifact = wandb.Artifact("flowers", "dataset", description="Flowers of the garden", metadata={"season": {"year": 2026 + version}})
            artifact.add_dir(str(folder))
            if version == 1:
                artifact.add_reference("https://elsewhere.test/huge.bin", checksum=False)
            run.log_artifact(artifact, aliases=aliases).wait()
    with start("garden", "grower", "base", {}, id="grower", job_type="train") as run:
        run.use_artifact("flowers:best")
        names = ["rose", "tulip", "lily"]
        run.log({"plants": wandb.Table(columns=["name", "height"], data=[[names[n % 3], n * 1.5] for n in range(30)])})
        plots(run, 0.5)
    with start("garden", "second-grower", "base", {}, id="second-grower", job_type="train") as run:
        plots(run, 0.8)


def plots(run, power):
    """Custom charts as the client logs them; a ROC curve as `wandb.plot.roc_curve`, which wants another library."""
    curve = wandb.Table(columns=["day", "height"], data=[[day, day**power] for day in range(20)])
    rates = [[name, n / 10, (n / 10) ** (power * share)] for name, share in (("rose", 0.4), ("lily", 1)) for n in range(11)]
    names = ["rose", "lily"]
    run.log(
        {
            "growth": wandb.plot.line(curve, "day", "height", title="Height by day"),
            "heights": wandb.plot.histogram(curve, "height", title="Heights"),
            "roc": wandb.plot_table(
                "wandb/area-under-curve/v0",
                wandb.Table(columns=["class", "fpr", "tpr"], data=rates),
                {"x": "fpr", "y": "tpr", "class": "class"},
                {"title": "ROC", "x-axis-title": "False positive rate", "y-axis-title": "True positive rate"},
            ),
            "confusion": wandb.plot.confusion_matrix(y_true=[0, 0, 0, 1, 1], preds=[0, 0, 1, 1, 1], class_names=names, title="Confusion"),
            "counts": wandb.plot.bar(wandb.Table(columns=["name", "count"], data=[["rose", 3], ["lily", 7]]), "name", "count", title="Counts"),
            "own": wandb.plot_table("ada/petals", curve, {"x": "day"}, {"title": "Petals"}),
        }
    )


def pond():
    """Media and tables of two runs under the same keys, at steps of their own."""
    folder = Path(tempfile.mkdtemp())
    for name, steps, shade in (("frog", (0, 4, 8), 60), ("newt", (2, 6), 160)):
        with start("pond", name, "base", {"shade": shade}, id=name) as run:
            for step in range(9):
                row = {"depth": step * shade / 100}
                if step in steps:
                    pictures = [Image.new("RGB", (24, 16), (step * 20, shade, 60 * n)) for n in range(2)]
                    row["water"] = [wandb.Image(picture, caption=f"{name} {n} at {step}") for n, picture in enumerate(pictures)]
                    rows = [[kind, n * shade / 10 + step, step] for kind in ("fish", "plant") for n in range(3)]
                    row["species"] = wandb.Table(columns=["kind", "size", "seen"], data=rows)
                if step == steps[-1]:
                    row["song"] = wandb.Audio(str(tone(folder, 440)), caption=f"{name} 440")
                    row |= {"page": wandb.Html("<h1>Pond</h1>"), "pr": curve(shade)}
                run.log(row)


def tone(folder, pitch):
    """A tenth of a second of a tone."""
    path = folder / f"tone-{pitch}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(math.tau * pitch * n / 8000))) for n in range(800)))
    return path


def curve(seed):
    """What `wandb.plot.pr_curve` hands to `plot_table`, which is all that is logged; itself it wants scikit-learn and scipy."""
    recall = np.linspace(0, 1, 21)[::-1]
    rows = [[name, round(1 - share * r**2 * seed / 200, 3), round(r, 3)] for name, share in (("fish", 0.5), ("plant", 1)) for r in recall]
    return wandb.plot_table(
        "wandb/area-under-curve/v0",
        wandb.Table(columns=["class", "precision", "recall"], data=rows),
        {"x": "recall", "y": "precision", "class": "class"},
        {"title": "Precision-Recall Curve", "x-axis-title": "Recall", "y-axis-title": "Precision"},
    )


def start(project, name, group, config, **more):
    return wandb.init(project=project, name=name, group=group, config=config, settings=SETTINGS, **more)


def train(folder, number, optimizer, rate):
    """A curve that falls faster with a higher rate, with noise that is the same each time."""
    chance = random.Random(number)
    config = {
        "learning_rate": rate,
        "optimizer": {"name": optimizer, "betas": [0.9, 0.999]},
        "batch_size": 32 << (number % 3),
        "seed": number,
        "augment": number % 2 == 0,
    }
    tags = ["baseline"] if number == 0 else ["sweep", f"lr-{rate}"]
    run = start("digits", f"{optimizer}-{rate}", f"{optimizer}-sweep", config, tags=tags, job_type="train", notes=f"rate {rate}")
    for step in range(STEPS):
        done = step / STEPS
        loss = 2.3 * math.exp(-4 * done * (0.4 + rate)) + 0.05 + chance.gauss(0, 0.03)
        row = {"train/loss": loss, "train/acc": 1 - loss / 2.5, "lr": rate * (1 - done), "epoch": step // 100}
        if step % 20 == 0:
            row |= {"val/loss": loss * 1.1, "val/acc": 1 - loss / 2.3}
        run.log(row)
        if step % 50 == 0:
            print(f"step {step}: loss {loss:.4f}")
    if number == 3:
        print("loss is no longer falling", file=sys.stderr)
    (folder / "report.md").write_text(f"# {optimizer} at {rate}\n\nThe loss fell to {loss:.3f}.\n")
    (folder / "classes.csv").write_text("class,precision,recall\n" + "".join(f"{n},{0.9 + n / 100:.2f},{0.8 + n / 100:.2f}\n" for n in range(10)))
    (folder / "params.json").write_text(json.dumps(config))
    (folder / "sample.png").write_bytes(picture(28, number))
    for name in ("report.md", "classes.csv", "params.json", "sample.png"):
        run.save(str(folder / name), base_path=str(folder), policy="now")
    run.finish(exit_code=1 if number == 7 else 0)


def picture(size, number):
    """A small PNG: a ring on black."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def pixel(x, y):
        away = math.hypot(x - size / 2, y - size / 2) - size / 3 + number % 3
        return max(0, 255 - int(abs(away) * 90))

    rows = b"".join(b"\0" + bytes(pixel(x, y) for x in range(size)) for y in range(size))
    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def live():
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    settings = SETTINGS.model_copy(update={"x_file_stream_transmit_interval": 1})
    run = wandb.init(project="watched", name="live-run", id="live", config={"learning_rate": 0.2, "optimizer": {"name": "adam"}}, settings=settings)
    step = 0
    while not ended.wait(0.1):
        run.log({"train/loss": 2 * math.exp(-step / 200), "train/acc": 1 - math.exp(-step / 200)})
        print(f"live step {step}", flush=True)
        step += 1
    run.finish()


if __name__ == "__main__":
    {"fill": fill, "live": live}[sys.argv[1]]()
