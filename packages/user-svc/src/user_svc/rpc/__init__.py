"""The contract's services over the use cases: translation in and out, nothing else."""
