"""What pages are made of: the frame, form fields, dialogs, the table of clusters, the theme."""
