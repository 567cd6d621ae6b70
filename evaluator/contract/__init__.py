"""What a submission reads and writes."""

from collections.abc import Mapping
from types import MappingProxyType

from evaluator.contract.contract import Contract, InputCase, WrittenOutput
from evaluator.contract.folder import FolderContract
from evaluator.contract.grand_challenge import GrandChallengeContract
from evaluator.contract.store import ScanStore, StoredScan
from evaluator.errors import UsageError

CONTRACTS: Mapping[str, Contract] = MappingProxyType(
    {contract.name: contract for contract in (FolderContract(), GrandChallengeContract())}
)


def get_contract(name: str) -> Contract:
    """The contract of this name. Raises UsageError."""
    if name not in CONTRACTS:
        raise UsageError(
            f"There is no contract named {name!r}.", next_step=f"Choose one of: {', '.join(sorted(CONTRACTS))}."
        )
    return CONTRACTS[name]


__all__ = ["CONTRACTS", "Contract", "InputCase", "ScanStore", "StoredScan", "WrittenOutput", "get_contract"]
