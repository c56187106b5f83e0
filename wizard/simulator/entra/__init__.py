"""Microsoft Entra ID: sign-in and Microsoft Graph."""
