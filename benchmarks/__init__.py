"""Speed and memory, measured side by side with the peers: `python -m benchmarks`.

Every library computes with one thread, or with as many as BIBUN_BENCHMARK_THREADS says, which the
rows of native/ set for their processes. The variables below are read when NumPy and the peers are
imported, which happens after this file; child processes inherit them.
"""

import os

THREADS = os.environ.get("BIBUN_BENCHMARK_THREADS", "1")
ONE_THREAD = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

os.environ.update(
    OMP_NUM_THREADS=THREADS,
    OPENBLAS_NUM_THREADS=THREADS,
    MKL_NUM_THREADS=THREADS,
    XLA_FLAGS=ONE_THREAD if THREADS == "1" else "",
    JAX_PLATFORMS="cpu",
    CUDA_VISIBLE_DEVICES="-1",
    TF_CPP_MIN_LOG_LEVEL="3",
)
