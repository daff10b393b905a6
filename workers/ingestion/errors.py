"""What can be wrong with data on its way in; each error says what is wrong and how to mend it.

IngestionError
├── FormatUnknown      neither named nor recognisable from the file name
├── FileTooLarge       more bytes, rows or columns than the limits allow
├── FileEmpty          no bytes, or a header without rows
├── FileMalformed      truncated, wrongly encoded, ragged or not what its name says
├── ColumnsInvalid     unnamed, duplicated, or of a type that a flat table cannot hold
├── PersonalDataUndeclared  columns that look like personal data, without a purpose or undeclared
├── ContractInvalid    a data contract that breaks its own schema
├── SourceInvalid      settings of a source that its kind cannot work with
├── SourceRefused      a place that sources may not reach: a private address, a folder outside the allowed ones
├── SourceUnreachable  the place does not answer, refuses the credentials, or answers something else than data
└── SecretMissing      a reference that leads to no secret here
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


class SourceInvalid(IngestionError):
    """The settings of a source are none that its kind can work with."""


class SourceRefused(IngestionError):
    """The source leads to a place that workers may not reach."""


class SourceUnreachable(IngestionError):
    """The source does not answer, refuses the credentials, or answers something else than data."""


class SecretMissing(IngestionError):
    """A reference leads to no secret on this worker."""


class PersonalDataUndeclared(IngestionError):
    """Columns look like personal data, and the dataset gives no purpose or does not declare them."""
