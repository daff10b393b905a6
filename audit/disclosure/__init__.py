"""What others are given: histories, packs, exports, receipts."""
