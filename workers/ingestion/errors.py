"""What can be wrong with data on its way in; each error says what is wrong and how to mend it.

IngestionError
├── FormatUnknown      neither named nor recognisable from the file name
├── FileTooLarge       more bytes, rows or columns than the limits allow
├── FileEmpty          no bytes, or a header without rows
├── FileMalformed      truncated, wrongly encoded, ragged or not what its name says
├── ColumnsInvalid     unnamed, duplicated, or of a type that a flat table cannot hold
└── ContractInvalid    a data contract that breaks its own schema
"""


class IngestionError(Exception):
    """Data was refused: `detail` names the cause, `remedy` what to do about it."""

    def __init__(self, detail: str, remedy: str) -> None:
        super().__init__(f"{detail} {remedy}")
        self.detail = detail
        self.remedy = remedy


class FormatUnknown(IngestionError):
    """The format is neither named nor recognisable from the file name."""


class FileTooLarge(IngestionError):
    """The file holds more bytes, rows or columns than the limits allow."""


class FileEmpty(IngestionError):
    """The file holds no bytes, or no rows."""


class FileMalformed(IngestionError):
    """The file is truncated, wrongly encoded, ragged or not of its format."""


class ColumnsInvalid(IngestionError):
    """Columns are unnamed, duplicated, or of a type that a flat table cannot hold."""


class ContractInvalid(IngestionError):
    """The data contract breaks its own schema; the detail names the path."""
