"""Infrastructure code for what exists: the encryption of a cluster as Terraform, Bicep or an ARM template.

Read from Azure into one model (model.py, read.py), written by three writers. Nothing here writes to Azure.
"""
