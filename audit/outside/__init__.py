"""What stands outside the database, and what it is compared with: published files, witnesses, anchors."""
