"""A simulated training that logs to wbq with the ordinary wandb client.

    export WANDB_BASE_URL=http://127.0.0.1:8080     # what `wbq serve` printed
    export WANDB_API_KEY=...                        # the key it printed at its first start
    python examples/train.py --lr 0.01

Nothing in here is about wbq: take out the arguments and it is the example of W&B's page on runs.
"""

import argparse
import random
import time

import wandb


def arguments():
    parser = argparse.ArgumentParser(description="Simulates a training and logs accuracy and loss.")
    parser.add_argument("--project", default="my-awesome-project")
    parser.add_argument("--lr", type=float, default=0.01, help="learning rate, kept in the config")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that one epoch takes")
    parser.add_argument("--fail", action="store_true", help="run out of memory halfway")
    return parser.parse_args()


def train(run, delay, fail):
    """Accuracy rises and loss falls, with some noise and an offset that differs from run to run."""
    epochs = run.config.epochs
    offset = random.random() / 5
    print(f"lr: {run.config.learning_rate}")
    for epoch in range(2, epochs + 2):
        accuracy = 1 - 2**-epoch - random.random() / epoch - offset
        loss = 2**-epoch + random.random() / epoch + offset
        run.log({"accuracy": accuracy, "loss": loss})
        print(f"epoch={epoch - 1}, accuracy={accuracy:.4f}, loss={loss:.4f}", flush=True)
        if fail and epoch > epochs // 2:
            raise MemoryError("out of memory, as asked by --fail")
        time.sleep(delay)


def main():
    args = arguments()
    run = wandb.init(
        project=args.project,
        config={"learning_rate": args.lr, "epochs": args.epochs},
    )
    train(run, args.delay, args.fail)
    run.finish()


if __name__ == "__main__":
    main()
