"""The only module that talks to Azure: sign-in, requests, and what they return."""
