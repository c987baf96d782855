use super::*;

#[test]
fn a_text_is_read_as_a_person_reads_it() {
    for text in [
        "STOP",
        "stop.",
        "Stop. Merci",
        "« Arrêt »",
        "ARRÊT !!!",
        "S.T.O.P",
        "ＳＴＯＰ",
        "s\u{200b}top",
        "STOP 🙏",
        "Désabonner svp",
        "Stop au 36105",
        "stop les sms",
        "STOP STOP STOP",
        "Bonjour, stop, merci, bonne journée",
        "opt out",
        "OPT-OUT",
        "Stop-SMS",
        "unsubscribe me please",
        "Désabonne-moi",
        "Désinscris-moi stp",
        "desabonne moi",
        "Plus de SMS",
        "𝐒𝐓𝐎𝐏",
        "İ stop".trim_start_matches('İ'),
    ] {
        assert_eq!(read(text), Reading::Stop(Certainty::Definite), "{text}");
    }
    for text in [
        "please stop texting me",
        "non, stop",
        "stopp",
        "STOOOOP",
        "unsuscribe",
        "je ne veux plus recevoir vos messages, c'est la troisième fois que je vous le demande",
        "I'm not interested, stop",
        "laissez-moi tranquille",
        "Laisse-moi tranquille",
        "Je ne veux plus de SMS",
        "je ne veux plus de messages de votre part svp",
        "je veux plus de pub",
        "Je ne souhaite plus d'emails, vraiment",
        "Merci de ne plus m'envoyer de SMS",
        "ne me contacte plus",
        "Ne m'écris plus stp, je n'ai pas le temps",
        "Prière de ne plus me contacter à ce numéro",
        "n'envoie plus rien à cette adresse",
        "fous-moi la paix",
        "Retire-moi de ta liste",
        "supprime-moi de ton fichier",
        "Désabonne-moi de tes concerts du jeudi soir, merci beaucoup",
        "je veux arrêter la formation",
    ] {
        assert_eq!(read(text), Reading::Stop(Certainty::Probable), "{text}");
    }
    for text in [
        "non-stop",
        "stopover in Paris",
        "on n'arrête pas",
        "we have got to STOP this bill",
        "don't stop!",
        "the end",
        "weekend",
        "cancel my appointment",
        "merci",
        "",
        "🙂",
        "oui",
        "je suis en arrêt maladie",
        "je n'ai plus de place ce soir",
        "on se voit plus tard",
        "je te laisse, à plus",
        "never stop",
    ] {
        assert_eq!(read(text), Reading::Text, "{text}");
    }
    assert_eq!(read("Aide svp"), Reading::Help);
    assert_eq!(read("start"), Reading::Start);
    assert_eq!(read("start stop"), Reading::Stop(Certainty::Probable), "no other word hides a stop");
}

#[test]
fn a_text_is_cut_at_a_whole_letter() {
    let long = "é".repeat(MOST_BYTES);
    assert_eq!(fold::cut(&long).len(), MOST_BYTES);
    let odd = format!("x{long}");
    assert_eq!(fold::cut(&odd).len(), MOST_BYTES - 1);
    assert_eq!(fold::cut("x"), "x");
}
