"""What pages are made of: the frame, form fields, dialogs, help, the table of clusters, background work, the theme."""
