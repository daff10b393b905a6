"""Pages of verifications: when the log was checked, how far, and what was found, in words."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from audit.models import Verification
from audit.pages import show
from audit.pages.records import RecordAdmin, Section
from audit.watch.verifications import counted

WHAT_IT_COMPARES = (
    "Each entry with its hash and its columns, each hash with the tree and every signed head, each sealed value with "
    "its commitment, and each governed row with the last entry that speaks of it."
)


@admin.register(Verification)
class VerificationAdmin(RecordAdmin):
    list_display = ("when", "verdict", "looked_at", "entries_read", "rows_compared", "took")

    @admin.display(description="Finished")
    def when(self, row: Verification) -> SafeString:
        return show.moment(row.finished_at)

    @admin.display(description="Result")
    def verdict(self, row: Verification) -> SafeString:
        if row.finding_count:
            return show.chip("failed", counted(row.finding_count))
        return show.chip("pass", "no findings") if row.complete else show.chip("inconclusive", "not ended")

    @admin.display(description="Looked at")
    def looked_at(self, row: Verification) -> str:
        return "everything" if row.entries >= row.size else "what was new"

    @admin.display(description="Entries")
    def entries_read(self, row: Verification) -> str:
        return show.number(row.entries)

    @admin.display(description="Governed rows")
    def rows_compared(self, row: Verification) -> str:
        return show.number(row.rows)

    @admin.display(description="Took")
    def took(self, row: Verification) -> str:
        return f"{(row.finished_at - row.started_at).total_seconds():,.1f} s"

    def name(self, row: Verification) -> str:
        return f"Verification of {row.size:,} entries"

    def headline(self, row: Verification) -> str:
        if row.finding_count:
            return (
                f"{counted(row.finding_count).capitalize()}: what the database holds is not what was recorded and "
                "signed. Change nothing, keep a copy of the database, and follow docs/operations.md."
            )
        return "Everything agrees." if row.complete else "It could not look at everything, so it proves nothing."

    def facts(self, row: Verification) -> Iterable[tuple[str, Any]]:
        yield "Result", self.verdict(row)
        yield "Looked at", self.looked_at(row)
        yield "Signed head at", f"{row.size:,} entries"
        yield "Entries read", row.entries
        yield "Governed rows compared", row.rows
        yield "Started", row.started_at
        yield "Took", self.took(row)

    def sections(self, row: Verification, request: HttpRequest) -> Iterable[Section]:
        found = [line for line in row.findings if line["where"]]
        remarks = [line["what"] for line in row.findings if not line["where"]]
        if found:
            left = row.finding_count - len(found)
            note = f"{len(found)} of {row.finding_count:,}, from every table that has any." if left else ""
            yield Section(
                "Findings", show.table(["Where", "What"], ([one["where"], one["what"]] for one in found)), note
            )
        if remarks:
            yield Section("Remarks", show.document(remarks))
        if not found and not remarks:
            yield Section("What was compared", show.paragraph(WHAT_IT_COMPARES))
